"""What the service says of itself and of its model: JSON, OpenAPI, a page of documentation."""
