using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>
/// A switch whose packets take their time. Each host's network device is a TAP whose other end is here: a frame that comes in at one goes
/// out, the delay later, at the port where its destination was last seen, or at all others.
/// </summary>
internal sealed unsafe class DelayingSwitch(TimeSpan delay) : IDisposable
{
    private const uint TunSetIff = 0x400454CA;
    private const short Tap = 0x0002;
    private const short NoPacketInfo = 0x1000;
    private const int LongestFrame = 65_536;
    private const long Broadcast = 0xFFFF_FFFF_FFFF;
    private const int NameBytes = 16;
    private const int RequestBytes = 40;
    private static int s_ports;

    private readonly List<Port> _ports = [];
    private readonly ConcurrentDictionary<long, Port> _seen = new();

    /// <summary>Gives a namespace its device.</summary>
    public void Attach(string space)
    {
        var name = $"acptap{Environment.ProcessId}x{Interlocked.Increment(ref s_ports)}";
        name = name.Length < NameBytes ? name : name[^(NameBytes - 1)..];
        var tap = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite);
        Name(tap, name);
        Shell.Run("ip", "link", "set", name, "netns", space, "name", Host.Device);
        var port = new Port(tap);
        lock (_ports)
            _ports.Add(port);
        Start(() => Receive(port), "in");
        Start(() => Send(port), "out");
    }

    /// <summary>Closes the devices, which ends the threads.</summary>
    public void Dispose()
    {
        lock (_ports)
        {
            foreach (var port in _ports)
            {
                port.Waiting.CompleteAdding();
                port.Tap.Dispose();
            }
        }
    }

    private static void Start(ThreadStart work, string name) =>
        new Thread(work) { IsBackground = true, Name = $"switch {name}" }.Start();

    private static void Name(SafeFileHandle tap, string name)
    {
        var request = stackalloc byte[RequestBytes];
        new Span<byte>(request, RequestBytes).Clear();
        for (var i = 0; i < name.Length; i++)
            request[i] = (byte)name[i];
        *(short*)(request + NameBytes) = Tap | NoPacketInfo;
        if (Control((int)tap.DangerousGetHandle(), TunSetIff, request) != 0)
            throw new InvalidOperationException($"/dev/net/tun: expected a TAP device {name}, found error {Marshal.GetLastSystemError()}");
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int file, ulong request, void* argument);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Read(SafeFileHandle file, byte* buffer, nint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(SafeFileHandle file, byte* buffer, nint count);

    private static long AddressAt(ReadOnlySpan<byte> frame)
    {
        long address = 0;
        for (var i = 0; i < 6; i++)
            address = (address << 8) | frame[i];
        return address;
    }

    private void Receive(Port port)
    {
        var buffer = new byte[LongestFrame];
        try
        {
            while (true)
            {
                nint count;
                fixed (byte* at = buffer)
                    count = Read(port.Tap, at, buffer.Length);
                if (count < 14)
                    return;
                Forward(port, buffer.AsSpan(0, (int)count));
            }
        }
        catch (ObjectDisposedException)
        {
            // The switch is closed.
        }
    }

    private void Forward(Port from, ReadOnlySpan<byte> frame)
    {
        _seen[AddressAt(frame[6..])] = from;
        var due = Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency);
        var copy = frame.ToArray();
        var destination = AddressAt(frame);
        if (destination != Broadcast && _seen.TryGetValue(destination, out var port))
        {
            port.Take(due, copy);
            return;
        }

        lock (_ports)
        {
            foreach (var other in _ports.Where(other => other != from))
                other.Take(due, copy);
        }
    }

    private static void Send(Port port)
    {
        try
        {
            foreach (var (due, frame) in port.Waiting.GetConsumingEnumerable())
            {
                var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (left > TimeSpan.Zero)
                    Thread.Sleep((int)Math.Ceiling(left.TotalMilliseconds));
                // A host whose device is down takes nothing: its frames are lost, as on a wire.
                fixed (byte* at = frame)
                    _ = Write(port.Tap, at, frame.Length);
            }
        }
        catch (ObjectDisposedException)
        {
            // The switch is closed.
        }
    }

    private sealed class Port(SafeFileHandle tap)
    {
        private const int MostFrames = 10_000;

        public SafeFileHandle Tap { get; } = tap;

        public BlockingCollection<(long Due, byte[] Frame)> Waiting { get; } = new(MostFrames);

        /// <summary>Queues a frame; one too many is lost.</summary>
        public void Take(long due, byte[] frame)
        {
            if (!Waiting.IsAddingCompleted)
                Waiting.TryAdd((due, frame));
        }
    }
}
