using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AkkaCp.Collectives.Wire;

/// <summary>
/// Sends bytes from two places in one system call (<c>sendmsg</c>, Linux): a frame's header and its rows, which would cost a second call
/// or a copy, for the sockets of .NET gather from managed arrays only.
/// </summary>
internal static unsafe partial class GatherSend
{
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;

    /// <summary>Whether the system has it.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && Environment.Is64BitProcess && BitConverter.IsLittleEndian;

    /// <summary>Sends <paramref name="first"/>, then <paramref name="second"/>.</summary>
    /// <param name="socket">A blocking socket.</param>
    /// <param name="first">May be empty.</param>
    /// <param name="second">May be empty.</param>
    /// <param name="mayWait">Whether it waits for room as a plain send does; otherwise the kernel takes what it has room for.</param>
    /// <returns>Bytes that the kernel took; 0 when it took none, for a reason that the next plain send will tell.</returns>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, bool mayWait)
    {
        fixed (byte* head = first, body = second)
        {
            var parts = stackalloc Part[2];
            parts[0] = new Part { Base = head, Length = (nuint)first.Length };
            parts[1] = new Part { Base = body, Length = (nuint)second.Length };
            var message = new Message { Parts = parts, PartCount = 2 };
            return (int)Math.Max(0, SendMessage(socket, &message, mayWait ? NoSignal : NoSignal | DoNotWait));
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint SendMessage(SafeSocketHandle socket, Message* message, int flags);

    // struct iovec
    private struct Part
    {
        public byte* Base;
        public nuint Length;
    }

    // struct msghdr of 64-bit Linux; musl's halves of PartCount and ControlLength are the same on a little-endian machine.
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
