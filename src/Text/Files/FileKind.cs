using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AkkaCp.Text.Files;

/// <summary>
/// Tells files from what else has a path: whoever opens a pipe waits for its writer, perhaps for ever, and a device may have no end.
/// </summary>
internal static class FileKind
{
    // statx(2); its struct is the same on every architecture.
    private const int CurrentDirectory = -100;
    private const uint TypeAndMode = 0x1 | 0x2;
    private const int StructBytes = 256;
    private const int ModeOffset = 28;
    private const int TypeBits = 0xF000;

    /// <summary>What a path is, when it is there and no file, behind all links; null otherwise,
    /// and where the system does not say.</summary>
    public static string? OtherThanFile(string path)
    {
        if (Directory.Exists(path))
            return "a folder";
        return OperatingSystem.IsLinux() ? OfType(TypeOf(path)) : null;
    }

    private static string? OfType(int type) => type switch
    {
        0x1000 => "a named pipe",
        0x2000 or 0x6000 => "a device",
        0xC000 => "a socket",
        _ => null,
    };

    private static int TypeOf(string path)
    {
        var found = new byte[StructBytes];
        try
        {
            return StatX(CurrentDirectory, path, 0, TypeAndMode, found) == 0
                ? BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeOffset)) & TypeBits
                : 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before statx: opening tells.
            return 0;
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] found);
}
