### Paying in Telegram Stars. $stars is a number of Stars, $count a number of videos.

command-balance = Your free videos, credit and payments
command-terms = Terms of sale
command-paysupport = Help with a payment
command-refund = Give a payment back

card-price =
    { $stars ->
        [0] 💫 Price: nothing to pay
        [one] 💫 Price: { $stars } Star
       *[other] 💫 Price: { $stars } Stars
    }
card-free =
    { $count ->
        [one] 🎁 { $count } free video is used first
       *[other] 🎁 { $count } free videos are used first
    }
card-credit =
    { $count ->
        [one] 🎟 { $count } video comes out of your credit
       *[other] 🎟 { $count } videos come out of your credit
    }

invoice-title =
    { $count ->
        [one] { $count } video
       *[other] { $count } videos
    }
invoice-description =
    { $count ->
        [one] Your request begins as soon as this is paid. If no video comes of it, your Stars come back by themselves.
       *[other] Your request begins as soon as this is paid. If no video comes of it, your Stars come back by themselves; videos that are missing become credit.
    }
invoice-not-yours = This invoice belongs to somebody else's request.
invoice-not-due = This request is not waiting for a payment any more.
invoice-not-sent = I could not send the invoice. Please open the link again in a moment.

pay-refused-not-yours = This request is somebody else's. Only the person who made it can pay for it.
pay-refused-gone = This request is not there any more. Nothing was charged; please send a new one.
pay-refused-ended = This request has ended. Nothing was charged; please send a new one.
pay-refused-paid = This request is paid for already.
pay-refused-twice = A payment for this request is on its way already. If it did not go through, please try again in a minute.
pay-refused-wrong-amount = This is not the price of the request any more. Nothing was charged; please send a new one.
pay-refused-day-is-full = That would be more videos than you may make in a day. Nothing was charged; please try again tomorrow.
pay-refused-late = I cannot take your payment at the moment. Nothing was charged; please try again shortly.

balance-free = 🎁 Free videos: { $count }
balance-credit = 🎟 Credit: { $count }
balance-payments = <b>Your last payments</b>
balance-payment =
    { $date } · { $stars ->
        [one] { $stars } Star
       *[other] { $stars } Stars
    } · { $became }
    <code>{ $charge }</code>
balance-became =
    { $state ->
        [paid] your request is in the works
        [used] { $videos ->
            [one] { $videos } video
           *[other] { $videos } videos
        }
        [credited] { $videos ->
            [0] { $credit } as credit
            [one] { $videos } video, { $credit } as credit
           *[other] { $videos } videos, { $credit } as credit
        }
        [refunding] refund on its way
       *[refunded] refunded
    }

help-payments =
    <b>Paying:</b> a video costs { $stars ->
        [one] { $stars } Telegram Star
       *[other] { $stars } Telegram Stars
    }.
    /balance – your free videos, credit and payments
    /terms – the terms of sale
    /paysupport – help with a payment
help-refund = /refund – give a payment back

terms =
    <b>Terms</b>
    A video costs { $stars ->
        [one] { $stars } Telegram Star
       *[other] { $stars } Telegram Stars
    }. { $free ->
        [0] { "" }
        [one] The first one is free.
       *[other] The first { $free } are free.
    }
    Your videos are made when the payment has arrived. If none comes of a request, the Stars come back by themselves. If only some come, or you cancel after the service has begun, the missing ones become credit, which pays for your next requests.
    What the videos show is up to you: use photos that you may use.
    Something wrong with a payment? /paysupport
paysupport =
    <b>Help with a payment</b>
    /balance shows your last payments and what became of each. A refund can take a few minutes to show in your Stars.
    If something is wrong, write to the person who runs this bot and give the code below the payment. Telegram's own support cannot help with what was bought here.

refund-usage = Send /refund and the code of a payment, as /balance shows it.
refund-unknown = There is no such payment, or it has been given back already.
refund-wanted =
    { $stars ->
        [one] { $stars } Star goes back now.
       *[other] { $stars } Stars go back now.
    }

forget-ask-payments = Free videos that you have left are given up for good. Your credit and the bare record of your payments stay.
forget-done-payments = Your credit and the bare record of your payments stay; free videos are given up.

stats-stars = <b>Stars:</b> { $taken } taken, { $returned } given back
stats-credit = <b>Credit of people:</b> { $count } videos

alarm-refund-balance = 💫 The bot's Star balance is too small for a refund. It is tried again until there are enough Stars.
alarm-refund = 💫 Telegram refused a refund. It is tried again; the log has the payment's code and the reason.
alarm-books = 🧮 The payments do not add up. The log says where; please look at it soon.
