### For the bot's admins.

alarm-credits = 💳 The bot is out of credits at GenAIPro. Requests fail until there are more.
alarm-key = 🔑 GenAIPro refused the bot's key. Check GENAIPRO_API_KEY and start the bot again.
alarm-guard = 🚧 A guard in front of GenAIPro turns this server away, most likely for its address or country. The key is not to blame. Try from another server, or ask GenAIPro to let this address in.
alarm-lost = 🔎 A result of GenAIPro never came, though it may have been charged. If this happens often, look at the log.
