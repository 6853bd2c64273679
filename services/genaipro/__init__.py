"""The client of the GenAIPro API: one paid POST as a stream of typed events, the history, the credits."""
