access-refused = This bot is private: send your id <code>{ $id }</code> to its owner and ask to be let in.
access-refused-notice = This bot is private: send your id { $id } to its owner and ask to be let in.
access-anonymous = I cannot tell who you are: stop posting anonymously and send it as yourself.

claimed = <b>You are now the admin of this bot.</b>

allow-usage =
    Who may use the bot? Reply to a person with /allow, or add an id: <code>/allow 123456789</code>.
    Sent in a group without an id, it lets the group in.
deny-usage =
    Who may no longer use the bot? Reply to a person with /deny, or add an id: <code>/deny 123456789</code>.
    Sent in a group without an id, it shuts the group out.
deny-self = You cannot shut yourself out.
deny-owner = This person is an admin in the bot’s own configuration and cannot be shut out here.

allowed-user = The person <code>{ $id }</code> may use the bot now.
allowed-chat = Everyone in the group <code>{ $id }</code> may use the bot now.
denied-user = The person <code>{ $id }</code> may no longer use the bot.
denied-chat = The bot no longer works in the group <code>{ $id }</code>.
