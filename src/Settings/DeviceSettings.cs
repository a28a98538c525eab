namespace AkkaCp.Settings;

/// <summary>akka-cp.device: the cores of each rank.</summary>
public sealed record DeviceSettings
{
    /// <summary>Compute threads of one rank, its pipeline thread included. Default null (auto): cores / ranks, at least 1.
    /// 1 to 1024.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether compute threads stay on one core each. Default auto.</summary>
    public PinMode Pin { get; init; } = PinMode.Auto;

    internal static DeviceSettings Read(SettingsSection section) => new()
    {
        Threads = section.IntOrAuto("device.threads", 1, 1024),
        Pin = section.Choice("device.pin", ("auto", PinMode.Auto), ("on", PinMode.On), ("off", PinMode.Off)),
    };
}
