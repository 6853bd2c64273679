"""What the bot needs and how fast it is, measured from outside; each module is a program of its own."""
