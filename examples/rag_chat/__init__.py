"""A small chat service over documents whose every answer says what it used and warns before it is too late."""
