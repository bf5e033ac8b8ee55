"""The station's agent: takes recordings from a device to the server and believes nothing without a receipt.

It imports `liuhen.core` only, and runs where Django is not installed.
"""
