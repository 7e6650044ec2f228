"""The console: a page for a browser that shows what `tidegauge.live` knows, and nothing it sends.

What is shown is made of nodes by pure functions (`pages`); `app` serves it with NiceGUI.
"""
