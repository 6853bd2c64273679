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

start-private =
    <b>Photos in, videos out.</b>
    Send me 1 to 3 photos and write what should happen in them.

    To begin, send a photo. /help tells you more.
start-group =
    <b>Photos in, videos out.</b>
    Reply to a photo with <code>/video@{ $bot }</code> and what should happen in it.

help-private =
    <b>How to get a video</b>
    1. Send 1 to 3 photos.
    2. Write what should happen in them, or choose from 💡 Ideas.
    3. Choose how many videos and their shape, then press Generate.

    <b>Faster:</b> send a photo with the caption <code>/video x3 leaves fall</code>. That starts 3 videos at once.

    <b>In a group:</b> reply to a photo with <code>/video@{ $bot } leaves fall</code>.

    <b>Wide or tall:</b> videos are wide (16:9) unless you press ▯ Tall or write <code>/video tall leaves fall</code>. A tall one (9:16) takes 1 or 2 photos: it begins with the first and ends with the second. /settings keeps your usual shape.

    <b>Limits:</b> JPEG, PNG, WebP or HEIC up to 20 MB.
help-group =
    <b>How to get a video</b>
    Reply to a photo with <code>/video@{ $bot } leaves fall</code>, or use it as the caption of a photo.
    For 3 videos: <code>/video@{ $bot } x3 leaves fall</code>
    For a tall video, from 1 or 2 photos: <code>/video@{ $bot } tall leaves fall</code>
    You can also reply with photos and a caption to a message of mine.
    My reaction to your message shows how it goes: 👀 taken, 👍 done, 👎 failed.
help-share = <b>Share:</b> press Share under a finished video, or type <code>@{ $bot }</code> and a few words of its prompt in any chat.
help-admin =
    <b>For admins</b>
    /stats – the bot in numbers
    /allow, /deny – let a person or a group in, or shut them out

unknown-command = I do not know this command. /help shows what I can do.

cancel-draft = Cancelled. Nothing was started.
cancel-running = I am stopping your video.
cancel-nothing = There is nothing to cancel here.

settings-text =
    <b>Settings</b>
    Language: { $language }
    Usual number of videos: { $count }
    Usual shape: { $shape ->
        [tall] tall (9:16)
       *[wide] wide (16:9)
    }
    { $asking ->
        [on] Complete requests start at once, without asking.
       *[off] I ask before I start.
    }
settings-language-en = English
settings-language-vi = Tiếng Việt
settings-atonce-off = Ask first
settings-atonce-on = Start at once
settings-chosen = ✓ { $label }

history-empty = No videos yet. Send a photo to make the first one.
history-page =
    <b>Your videos</b> ({ $page }/{ $pages })
    Choose one to see it again.
history-label = { $date } · { $prompt }
history-newer = ‹ Newer
history-older = Older ›
history-entry =
    <b>{ $date }</b> · { $count ->
        [one] { $count } video
       *[other] { $count } videos
    }
    { $prompt }
history-link = <a href="{ $url }">Video { $number }</a>
history-again = 🔁 Again
history-back = ‹ Back to the list
history-gone = These videos are no longer available.

privacy =
    <b>What is kept about you</b>
    • your Telegram id and your settings
    • what you asked for, and which photos and videos at Telegram belong to it, but not the photos and videos themselves
    • photos I saw in groups, by their number at Telegram only

    <b>How long:</b> { $requests ->
        [one] { $requests } day
       *[other] { $requests } days
    }; what you did not start, { $drafts ->
        [one] { $drafts } day
       *[other] { $drafts } days
    }; photos from groups, { $photos ->
        [one] { $photos } day
       *[other] { $photos } days
    }. Your settings stay until you send /forget.

    <b>Where it goes:</b> your photos and words go to GenAIPro, which makes the videos, and everything you send here goes through Telegram.

    <b>Sharing:</b> you are offered only your own videos. Whoever gets one from you sees its prompt as the caption.

    /forget deletes all of it. Only a block by an admin stays.

forget-ask =
    <b>Delete everything kept about you?</b>
    Your settings and your history go for good, and so does permission an admin gave you. Messages in this chat stay.
forget-ask-admin =
    <b>Delete everything kept about you?</b>
    Your settings and your history go for good. If you became admin by a link, you will not be admin any more. Messages in this chat stay.
forget-yes = Delete everything
forget-no = Keep it
forget-kept = Nothing was deleted.
forget-done = Done. Nothing about you is kept any more.
forget-busy = A video of yours is still being made. Send /cancel or wait for it, then send /forget again.

stats-today = <b>Today:</b> { $count ->
    [one] { $count } request
   *[other] { $count } requests
}
stats-in-all = <b>In all:</b> { $count ->
    [one] { $count } request
   *[other] { $count } requests
}
stats-state = { $state ->
    [unpaid] { $count } not paid yet
    [queued] { $count } waiting
    [submitting] { $count } being sent
    [starting] { $count } starting
    [uploading] { $count } uploading
    [processing] { $count } being made
    [reconciling] { $count } being looked for
    [delivering] { $count } being delivered
    [done] { $count } done
    [failed] { $count } failed
   *[cancelled] { $count } cancelled
}
stats-people = <b>People:</b> { $count }
stats-credits = <b>Credits left:</b> { $count }
stats-credits-unknown = <b>Credits left:</b> the service does not say
stats-time = <b>Usual time:</b> { $minutes }:{ $seconds } min
stats-time-unknown = <b>Usual time:</b> not known yet

inline-open = Make a video
inline-number = Video { $number }
