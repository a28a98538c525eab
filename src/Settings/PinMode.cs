namespace AkkaCp.Settings;

/// <summary>Whether a device's workers stay on one core each.</summary>
public enum PinMode
{
    /// <summary>Pinned where the ranks' threads use all cores and the system allows it.</summary>
    Auto,

    /// <summary>Pinned.</summary>
    On,

    /// <summary>Left to the system's scheduler.</summary>
    Off,
}
