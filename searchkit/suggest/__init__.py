"""What might have been meant: completions of what is being typed, and corrections of what was."""
