"""Schedule of the learning rate."""

WARM_UP_STEPS = 150
PHASE_C_WARM_UP_STEPS = 100
PHASE_C_PEAK = 0.4


def learning_rate_factor(phase, step, progress, decay_from):
    """The factor, 0 to 1, at a step; progress is the share of the phase's time that has passed."""
    if phase == "C":
        warm_up = min(1.0, (step + 1) / PHASE_C_WARM_UP_STEPS)
        return PHASE_C_PEAK * warm_up * max(0.0, 1 - progress)
    if phase == "B" and progress > decay_from:
        return max(0.0, (1 - progress) / (1 - decay_from))
    return min(1.0, (step + 1) / WARM_UP_STEPS)
