using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Whether options make sense.</summary>
internal static class OptionsCheck
{
    /// <exception cref="ArgumentException">They do not; all reasons are named.</exception>
    public static void Require(DataPlaneOptions options)
    {
        var problems = Problems(options);
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
    }

    private static List<string> Problems(DataPlaneOptions options)
    {
        var found = new List<string>();
        Range(nameof(options.Port), options.Port, 0, 65535);
        Range(nameof(options.AdvertisedPort), options.AdvertisedPort ?? 1, 1, 65535);
        Range(nameof(options.MaxPendingHandshakes), options.MaxPendingHandshakes, 1, 4096);
        Range(nameof(options.SocketBufferBytes), options.SocketBufferBytes, 0, 1 << 30);
        Range(nameof(options.EagerBytes), options.EagerBytes, 0, 16 << 20);
        Range(nameof(options.EagerFrames), options.EagerFrames, 1, 1024);
        Range(nameof(options.RingProcesses), options.RingProcesses, 3, int.MaxValue);
        Range(nameof(options.RingBytes), options.RingBytes, 1, int.MaxValue);
        Positive(nameof(options.ConnectTimeout), options.ConnectTimeout);
        Positive(nameof(options.HandshakeTimeout), options.HandshakeTimeout);
        Positive(nameof(options.LivenessTimeout), options.LivenessTimeout);
        Positive(nameof(options.HeartbeatInterval), options.HeartbeatInterval);
        if (options.HeartbeatInterval * 3 > options.LivenessTimeout)
        {
            found.Add($"{nameof(options.HeartbeatInterval)}: expected at most a third of {nameof(options.LivenessTimeout)} "
                + $"({options.LivenessTimeout}), found {options.HeartbeatInterval}");
        }

        return found;

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most)
                found.Add($"{name}: expected {least} to {most}, found {value}");
        }

        void Positive(string name, TimeSpan value)
        {
            if (value <= TimeSpan.Zero || value.TotalMilliseconds > int.MaxValue)
                found.Add($"{name}: expected a positive time of at most 24 days, found {value}");
        }
    }
}
