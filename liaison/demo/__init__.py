"""The demonstration: a fictional county that shows the house at work, and two bulk sizes for measuring it.

Every name, code and number here is invented: province prefix 99 is unassigned, telephone numbers carry the area code
0000, mobile numbers are 1380000xxxx. Nothing of it may enter a production database.
"""
