"""What a browser or a monitor sees: health and metrics now; webmail, admin and JMAP later.

HTTP requests come in, pages and figures go out. RFC 9110.
"""
