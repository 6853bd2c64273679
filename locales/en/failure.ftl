### Why a generation failed. $reason is the service's own words, $attempts a number of attempts.

failure-safety = 🚫 The safety filter refused the photos or the prompt. Change them and try again; nothing was charged.
failure-audio = 🔇 The sound was filtered. Reword what is spoken and try again; nothing was charged.
failure-credits = 💳 The bot has no credits left. Its owner has been told; please try again later.
failure-key = 🔑 The service refused the bot's key. Its owner has been told.
failure-guard = 🚧 The service cannot be reached from here at the moment. The bot's owner has been told. Nothing was charged; please try again later.
failure-busy =
    { $attempts ->
        [one] ⏳ The service is busy (tried once). Nothing was charged; please try again later.
       *[other] ⏳ The service is busy (tried { $attempts } times). Nothing was charged; please try again later.
    }
failure-service = ⚠️ The service failed, and no video was found afterwards. A credit may have been used.
failure-rejected = ⚠️ The service did not accept the request. Nothing was charged.
failure-rejected-reason = ⚠️ The service did not accept the request: { $reason }
failure-other = ⚠️ The service made no video. Nothing was charged.
failure-other-reason = ⚠️ The service says: { $reason }
failure-lost = ⚠️ The result never came. A credit may have been used.
failure-photos = 🖼 Your photos could not be read any more. Please send them again; nothing was charged.
failure-internal = ⚠️ Something went wrong on our side. Nothing was charged; please try again.
