"""What all commands share: the program, options, messages, progress bars."""
