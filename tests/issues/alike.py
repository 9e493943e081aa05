"""Reports for the likeness of texts: of one fault in two people's words, and of others nearby."""

from typing import Final

from gatekeeper.issues.likeness import Reported

REPORTS: Final = {
    "tlv": Reported(
        subject="Heap overflow in the TLV parser",
        text="""Dear team,

while fuzzing I found an out-of-bounds write in parse_tlv() in src/tlv.c. The
length field is read as a signed 16-bit integer, and a negative length passes
the check against TLV_MAX. memcpy() then writes past the heap buffer. It can
be reached before authentication, by a single packet to port 4433.

AddressSanitizer says heap-buffer-overflow, WRITE of size 65520. I attach
a packet that shows it.

Robin""",
    ),
    "tlv-again": Reported(
        subject="Memory corruption by negative length (pre-auth)",
        text="""Hi,

our audit team noticed that your server can be crashed, and probably be made
to run code, before a client has logged in. In tlv.c the function parse_tlv
compares the length with TLV_MAX as a signed number; -16 is accepted and
then handed on to memcpy. See line 211.

We intend to publish in 90 days. Who will assign the CVE?

Kim, Research Labs""",
    ),
    "session": Reported(
        subject="Session tokens can be predicted",
        text="""Hello,

the web interface makes session tokens from rand() seeded with the time in
seconds (src/web/session.c, new_session). Whoever knows when an administrator
logged in tries about a hundred tokens and is logged in as that administrator.
I have tested it with version 4.2 on Debian.

Best regards
Jo""",
    ),
    "session-again": Reported(
        subject="Weak randomness: admin takeover",
        text="""The function new_session in session.c calls srand(time(NULL)) and
takes rand() for the token. An attacker who can guess the second of a login
can guess the token of an administrator. Please use getrandom().

I would like to be credited as L. Example.""",
    ),
    "xss": Reported(
        subject="Stored XSS in the web interface",
        text="""Hello,

names of devices are not escaped in the web interface. A device that calls
itself <script>alert(1)</script> runs script in the browser of whoever opens
the list of devices (templates/devices.html). An administrator's session
cookie is not HttpOnly, so that it can be taken. Tested with version 4.2.

Best regards
Sascha""",
    ),
    "dns": Reported(
        subject="Denial of service by compressed names",
        text="""Dear team,

the resolver follows compression pointers without a limit. A response whose
pointer points to itself keeps a thread busy for ever; three such packets and
the server answers nobody any more. The loop is in expand_name(), src/dns.c.
It needs no authentication. A packet that shows it is attached.

Robin""",
    ),
    "bulk": Reported(
        subject="Critical: missing SPF record on your domain",
        text="""Respected team, I am an ethical hacker and security researcher. I found
that your domain has no SPF record. Attackers can send forged mail on behalf
of your company to your customers, which harms your reputation. Please tell
me about the bounty for this critical finding. Impact: phishing, spoofing.
Fix: publish an SPF record and a DMARC policy. Waiting for your response.""",
    ),
    "bulk-again": Reported(
        subject="Critical vulnerability - SPF missing (bounty?)",
        text="""Respected team, I am an ethical hacker and a security researcher. I have found
that your domain has no valid SPF record. Attackers can send forged mails on behalf
of your company to your customers, which harms the reputation. Please tell
me about a bounty for this critical finding. Impact: phishing, spoofing.
Fix: publish an SPF record and DMARC policy. I am waiting for your response.""",
    ),
}

SAME: Final = (("tlv", "tlv-again"), ("session", "session-again"), ("bulk", "bulk-again"))
"""Which of them are of one fault."""
