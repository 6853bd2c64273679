### The status message of a generation. $count is a number of videos, $stars of Stars, times are like 1:05.

status-unpaid-private =
    { $stars ->
        [one] 💫 Waiting for your payment of { $stars } Star. The invoice is in this chat.
       *[other] 💫 Waiting for your payment of { $stars } Stars. The invoice is in this chat.
    }
status-unpaid-group =
    { $stars ->
        [one] 💫 Waiting for the payment of { $stars } Star. The button leads to the invoice.
       *[other] 💫 Waiting for the payment of { $stars } Stars. The button leads to the invoice.
    }
status-queued = ⏳ Waiting, number { $position } in line
status-submitting = 📤 Preparing your photos…
status-starting = 🎬 Starting…
status-uploading = 📤 Uploading your photos…
status-processing =
    { $count ->
        [one] 🎨 Making your video…
       *[other] 🎨 Making your { $count } videos…
    }
status-reconciling = 🔎 Lost touch with the service. Looking for your video; nothing is paid twice…
status-delivering =
    { $count ->
        [one] 📬 Sending your video…
       *[other] 📬 Sending your videos…
    }
status-file-late =
    { $count ->
        [one] ⏳ Your video is made, but the service's file is not there yet. I keep asking for it…
       *[other] ⏳ Your videos are made, but the service's file of one is not there yet. I keep asking for it…
    }
status-note = 🎬 In the works: { $note }
status-retrying = ⏳ The service is busy. Trying again soon (attempt { $attempt })…
status-cancelling = ✋ Cancelling…
status-progress = { $bar } { $elapsed }
status-progress-estimate = { $bar } { $elapsed } · about { $left } left

status-done =
    { $count ->
        [one] ✅ Done: { $count } video in { $took }
       *[other] ✅ Done: { $count } videos in { $took }
    }
status-done-failed =
    { $count ->
        [one] { $count } video did not work out.
       *[other] { $count } videos did not work out.
    }
status-done-linked =
    { $count ->
        [one] Telegram could not take { $count } video. Open it here:
       *[other] Telegram could not take { $count } videos. Open them here:
    }
status-done-linked-private =
    { $count ->
        [one] Telegram could not take { $count } video. I sent you the link in private.
       *[other] Telegram could not take { $count } videos. I sent you the links in private.
    }
status-done-linked-history =
    { $count ->
        [one] Telegram could not take { $count } video. Write to me in private and send /history for the link.
       *[other] Telegram could not take { $count } videos. Write to me in private and send /history for the links.
    }
status-done-unfetched =
    { $count ->
        [one] The service did not hand out the file of { $count } video. Its link may work later:
       *[other] The service did not hand out the files of { $count } videos. Their links may work later:
    }
status-done-unfetched-private =
    { $count ->
        [one] The service did not hand out the file of { $count } video. I sent you the link in private; it may work later.
       *[other] The service did not hand out the files of { $count } videos. I sent you the links in private; they may work later.
    }
status-done-unfetched-history =
    { $count ->
        [one] The service did not hand out the file of { $count } video. Write to me in private and send /history for the link.
       *[other] The service did not hand out the files of { $count } videos. Write to me in private and send /history for the links.
    }
status-done-in-private =
    { $count ->
        [one] I may not send videos here, so I sent it to the one who asked, in private.
       *[other] I may not send videos here, so I sent { $count } videos to the one who asked, in private.
    }
status-link = Video { $number }
status-cancelled = ✋ Cancelled. Nothing was charged.
status-cancelled-charged = ✋ Cancelled. The service had already begun, so a credit may have been used.
status-unpaid-in-time = ⌛ Not paid in time, so nothing was made. Nothing was charged.
status-cancelled-sold = ✋ Cancelled.
status-cancelled-sold-begun = ✋ Cancelled. The service had already begun.
status-back-stars =
    { $stars ->
        [one] 💫 Refund: { $stars } Star is on its way back to you.
       *[other] 💫 Refund: { $stars } Stars are on their way back to you.
    }
status-back-free =
    { $count ->
        [one] 🎁 { $count } free video is yours again.
       *[other] 🎁 { $count } free videos are yours again.
    }
status-back-credit =
    { $count ->
        [one] 🎟 Credit: { $count } video is kept for you and pays for your next request.
       *[other] 🎟 Credit: { $count } videos are kept for you and pay for your next requests.
    }

status-button-cancel = Cancel
status-button-again = 🔁 Again
status-button-edit = ✏️ Edit
status-button-share = ↗️ Share
status-button-pay =
    { $stars ->
        [one] 💫 Pay { $stars } Star
       *[other] 💫 Pay { $stars } Stars
    }
