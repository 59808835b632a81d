"""The installed wheel verifies itself with the base install."""

from regression_model.verification import verify


def test_the_installed_files_and_the_model_are_those_of_the_wheel() -> None:
    """Every file has the hash that RECORD has, and the model opens."""
    checks = {check.name: check for check in verify().checks}
    for name in ("files", "seal", "model", "sources"):
        assert checks[name].status == "ok", checks[name].message


def test_the_sbom_of_the_installed_wheel_is_compared_with_what_is_installed() -> None:
    """Other versions that the ranges of the wheel allow are no reason to refuse it."""
    (check,) = (check for check in verify().checks if check.name == "sbom")
    assert check.status != "refused", check.message
