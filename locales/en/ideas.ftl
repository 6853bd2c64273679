### Ideas for a prompt: the words of each are on its button and are what is sent. Each message that begins with "idea-" is one; add or change them as you like, in every language.

idea-closer = The camera slowly moves closer
idea-reveal = The camera pulls back and reveals the scene
idea-orbit = The camera circles around the subject
idea-rise = The camera rises high above
idea-look = The subject looks up and smiles
idea-breeze = A soft breeze moves hair and leaves
idea-golden = Warm golden light before sunset
idea-night = Night falls and the lights come on
idea-rain = Rain begins to fall softly
idea-slow = Everything moves in slow motion
