# What Telegram shows of the bot before anybody writes to it.
bot-short-description = Turns your photos into short videos. Send 1 to 3 photos and say what should happen.
bot-description =
    Send 1 to 3 photos and write what should happen in them.
    Short videos made from them come back to you.

    Press Start to begin.

# Descriptions in the list of commands.
command-start = What this bot does
command-help = How to ask for a video
command-video = Make a video at once
command-cancel = Stop what you asked for last
command-history = Your earlier videos
command-settings = Language and usual number of videos
command-privacy = What is kept about you
command-forget = Delete everything kept about you
command-stats = The bot in numbers
command-allow = Let a person or a group in
command-deny = Shut a person or a group out

# Notices on buttons.
menu-not-yours = These buttons belong to someone else. Send the command yourself.
menu-stale = This button no longer works. Send the command again.
