### The request in the making: its card, its notices, and what cannot be used. $limit is a largest number, $place is group or private.

draft-card-photos = 📷 Photos: { $count } of { $limit }
draft-card-photos-missing =
    { $place ->
        [group] 📷 No photo yet: reply to this message with 1 to { $limit } photos.
       *[private] 📷 No photo yet: send 1 to { $limit } photos.
    }
draft-card-prompt = ✏️ { $prompt }
draft-card-prompt-missing =
    { $place ->
        [group] ✏️ No prompt yet: reply to this message and say what should happen.
       *[private] ✏️ No prompt yet: write what should happen.
    }
draft-card-count = 🎬 Videos: { $count }
draft-card-cancelled = ✋ Cancelled. Nothing was started.
draft-card-started = ▶️ This request has been started.
draft-button-generate = Generate
draft-button-cancel = Cancel
draft-button-wide = ▭ Wide
draft-button-tall = ▯ Tall
draft-button-ideas = 💡 Ideas
draft-button-back = ‹ Back
draft-chosen = • { $label } •
draft-idea-chosen = ✓ { $label }
draft-card-ideas = 💡 { $ideas }
draft-tall-photos = A tall video takes one or two photos: it begins with the first and ends with the second.
draft-made-wide = Three photos make a wide video; a tall one takes one or two.
draft-too-long = With this idea the prompt would be longer than 4096 characters.

draft-extra-photos = A video takes at most 3 photos: I keep the first three and leave out the rest.
draft-too-late = This photo came too late: the video was started without it.
draft-too-many-waiting =
    { $limit ->
        [one] You already have one request waiting. Try again when it has begun.
       *[other] You already have { $limit } requests waiting. Try again when one of them has begun.
    }
draft-daily-limit =
    { $left ->
        [0] You have used all your { $limit } videos of today. Come back tomorrow.
        [one] You have one of your { $limit } videos of today left. Ask for one, or come back tomorrow.
       *[other] You have { $left } of your { $limit } videos of today left. Ask for fewer, or come back tomorrow.
    }

draft-not-yours = This is someone else’s request. Send photos of your own.
draft-submitted = This request has been started already.
draft-cancelled = This request was cancelled. Send your photos again.
draft-unknown = This button no longer works. Send your photos again.
draft-incomplete = Something is still missing: I need at least one photo and a prompt.
draft-again-started = Started once more.
draft-again-running = This is being made already.
draft-again-gone = This request is no longer kept. Send your photos again.
draft-cancelling = Stopping…
draft-already-finished = This has ended already.

video-usage = Send a photo with the caption <code>/video x2 leaves fall</code>, or reply to a photo with it.
video-count-wrong = I make 1 to { $limit } videos at a time: write x1 to x{ $limit } after /video.
video-how-to-ask = I see no photo here: reply to this message with 1 to { $limit } photos and a caption.

unusable =
    { $kind ->
        [animation] I cannot use a GIF
        [audio] I cannot use audio
        [document] I cannot use this kind of file
        [location] I cannot use a location
        [contact] I cannot use a contact
        [poll] I cannot use a poll
        [sticker] I cannot use a sticker
        [story] I cannot use a story
        [video] I cannot use a video
        [voice] I cannot use a voice message
       *[other] I cannot use this
    }: send 1 to 3 photos, also as JPEG, PNG, WebP or HEIC files, and a prompt as text.

photo-too-large = This file is over 20 MB, the most I can fetch: send a smaller one, or send it as a photo.
photo-too-many-pixels = This image has more than 50 megapixels: send a smaller one, or send it as a photo.
photo-broken = This image cannot be read: send another one, or send it as a photo.
photo-not-an-image = This is not a kind of image I can use: send a photo, or a JPEG, PNG, WebP or HEIC file.
photo-gone = I could not get this image from Telegram: please send it again.

error-sorry = Sorry, something went wrong on my side. Please try again.
