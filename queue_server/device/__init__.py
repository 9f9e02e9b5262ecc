"""What runs on an enrolled device: its own key, the signing of its requests, its way into the site, its settings, its orders.

Holds nothing of the server and nothing of a screen's content: kiosk, display and the dossier feed import it, and it
imports the messages, the client and the process's edge.
"""
