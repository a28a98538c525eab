using System.Runtime.InteropServices;
using AkkaCp.Npu;

namespace AkkaCp.Testing;

/// <summary>Elements of tensors for tests to read and write, whatever memory they lie in and whatever gaps their rows have.</summary>
public static class HostElements
{
    public static byte[] ReadBytes(this TensorView view)
    {
        var bytes = new List<byte>();
        for (var row = 0; row < view.Rows; row++)
        {
            using var host = view.Slice(row, 1).MapRead();
            bytes.AddRange(host.Bytes);
        }

        return [.. bytes];
    }

    public static float[] ReadFloats(this TensorView view)
    {
        var floats = new List<float>();
        for (var row = 0; row < view.Rows; row++)
            floats.AddRange(view.ReadRow(row));

        return [.. floats];
    }

    public static float[] ReadRow(this TensorView view, int row)
    {
        using var host = view.Slice(row, 1).MapRead();
        return host.F32.ToArray();
    }

    public static ushort[] ReadBF16(this TensorView view) => MemoryMarshal.Cast<byte, ushort>(view.ReadBytes()).ToArray();

    public static void Write(this TensorView view, ReadOnlySpan<float> values) => view.Write(MemoryMarshal.AsBytes(values));

    public static void Write(this TensorView view, ReadOnlySpan<byte> bytes)
    {
        for (var row = 0; row < view.Rows; row++)
        {
            using var host = view.Slice(row, 1).MapWrite();
            bytes.Slice(row * host.Bytes.Length, host.Bytes.Length).CopyTo(host.Bytes);
        }
    }

    public static void Fill(this TensorView view, float value)
    {
        for (var row = 0; row < view.Rows; row++)
        {
            using var host = view.Slice(row, 1).MapWrite();
            host.F32.Fill(value);
        }
    }

    public static void FillBytes(this TensorView view, byte value)
    {
        for (var row = 0; row < view.Rows; row++)
        {
            using var host = view.Slice(row, 1).MapWrite();
            host.Bytes.Fill(value);
        }
    }
}
