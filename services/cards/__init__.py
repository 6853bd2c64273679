"""Cards: the message that shows a draft and its buttons."""
