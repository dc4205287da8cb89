"""What comes in by mail: replies, bounces, automatic replies, complaints; and what matches nobody."""
