"""The API of Extensiv Integration Manager, and nothing of Odoo.

Sentences made here (``problems``, ``differences``, the words of errors and of refused settings) are in English and stay
so: they name fields and routes of EIM, whose documents and support are English, and stand beside EIM's own words.
"""
