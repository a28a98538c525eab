namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>The types whose weights are packed from floats, row by row.</summary>
internal static class RowTypes
{
    public static DType[] All { get; } = [.. Enum.GetValues<DType>().Where(dtype => dtype != DType.F8 && GroupFormat.Of(dtype) is null)];
}
