using AkkaCp.Npu.Cpu;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Every mistake is refused with operator and argument, before anything is written.</summary>
public sealed class OperatorChecksTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });
    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        _owned.ForEach(item => item.Dispose());
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Fact]
    public void MatMul_WithMistakes_RefusesEach()
    {
        var w = Matrix(6, 4);
        Refused("MatMul", "x", () => _device.MatMul(T(2, 5), w, null, T(2, 6)));
        Refused("MatMul", "x", () => _device.MatMul(T(2, 2, 2), w, null, T(2, 6)));
        Refused("MatMul", "x", () => _device.MatMul(BF16(2, 4), w, null, T(2, 6)));
        Refused("MatMul", "y", () => _device.MatMul(T(2, 4), w, null, T(2, 5)));
        Refused("MatMul", "y", () => _device.MatMul(T(2, 4), w, null, T(3, 6)));
        Refused("MatMul", "bias", () => _device.MatMul(T(2, 4), w, T(5), T(2, 6)));
        Refused("CreateMatrix", "shape", () => _device.CreateMatrix(0, 4, DType.F32));
        Refused("Pack", "rows", () => w.Pack(0, new float[7]));
        Refused("Pack", "firstRow", () => w.Pack(5, new float[8]));
        Refused("Pack", "firstRow", () => w.Pack(-1, new float[4]));
    }

    [Fact]
    public void MatMul_OfOverlappingMemory_IsRefused_ButColumnsOfOneBufferAreNot()
    {
        var w = Matrix(6, 4);
        var buffer = T(5, 10);
        Refused("MatMul", "y", () => _device.MatMul(buffer.Columns(0, 4), w, null, buffer.Columns(3, 6)));
        Refused("MatMul", "y", () => _device.MatMul(buffer.Columns(4, 4), w, null, buffer.Columns(0, 6)));
        buffer.SpanF32().Fill(1f);
        w.Pack(0, Enumerable.Repeat(1f, 24).ToArray());
        _device.MatMul(buffer.Columns(0, 4), w, null, buffer.Columns(4, 6));
        Assert.Equal([1f, 1f, 1f, 1f, 4f, 4f, 4f, 4f, 4f, 4f], buffer.RowF32(4).ToArray());
    }

    [Fact]
    public void GroupedMatMul_WithMistakes_RefusesEach()
    {
        PackedMatrix[] w = [Matrix(6, 4), Matrix(6, 4)];
        Refused("GroupedMatMul", "groupList", () => _device.GroupedMatMul(T(3, 4), w, [3], T(3, 6)));
        Refused("GroupedMatMul", "groupList", () => _device.GroupedMatMul(T(3, 4), w, [1, 2], T(3, 6)));
        Refused("GroupedMatMul", "groupList", () => _device.GroupedMatMul(T(3, 4), [], [], T(3, 6)));
        Refused("GroupedMatMul", "groupList[1]", () => _device.GroupedMatMul(T(3, 4), w, [3, 2], T(3, 6)));
        Refused("GroupedMatMul", "w[1]", () => _device.GroupedMatMul(T(3, 4), [w[0], Matrix(7, 4)], [1, 3], T(3, 6)));
    }

    [Fact]
    public void Norms_WithMistakes_RefuseEach()
    {
        var x = T(2, 4);
        Refused("RmsNorm", "x", () => _device.RmsNorm(T(4), T(4), 0f, T(4)));
        Refused("RmsNorm", "gamma", () => _device.RmsNorm(x, T(3), 0f, T(2, 4)));
        Refused("RmsNorm", "y", () => _device.RmsNorm(x, T(4), 0f, T(2, 5)));
        Refused("RmsNorm", "y", () => _device.RmsNorm(T(3, 4).Slice(0, 2), T(4), 0f, BF16(2, 4)));
        var three = T(3, 4);
        Refused("RmsNorm", "y", () => _device.RmsNorm(three.Slice(0, 2), T(4), 0f, three.Slice(1, 2)));
        Refused("AddRmsNorm", "x2", () => _device.AddRmsNorm(x, T(2, 5), T(4), 0f, T(2, 4), T(2, 4)));
        Refused("AddRmsNorm", "y", () => _device.AddRmsNorm(x, T(2, 4), T(4), 0f, x, T(2, 4)));
        Refused("AddRmsNorm", "sum", () => _device.AddRmsNorm(x, T(2, 4), T(4), 0f, T(2, 4), T(3, 4)));
    }

    [Fact]
    public void RowOperators_WithMistakes_RefuseEach()
    {
        Refused("RotaryMul", "x", () => _device.RotaryMul(T(2, 3, 5), T(2, 2), T(2, 2)));
        Refused("RotaryMul", "cos", () => _device.RotaryMul(T(2, 3, 4), T(2, 4), T(2, 2)));
        Refused("RotaryMul", "sin", () => _device.RotaryMul(T(2, 3, 4), T(2, 2), T(1, 2)));
        Refused("Swiglu", "x", () => _device.Swiglu(T(2, 5), T(2, 2)));
        Refused("Swiglu", "y", () => _device.Swiglu(T(2, 6), T(2, 4)));
        Refused("Add", "x2", () => _device.Add(T(2, 4), T(4, 2), T(2, 4)));
        Refused("Add", "y", () => _device.Add(T(2, 4), T(2, 4), T(8)));
        Refused("Cast", "y", () => _device.Cast(T(2, 4), BF16(2, 5)));
    }

    private static void Refused(string op, string argument, Action call)
    {
        var error = Assert.Throws<NpuShapeException>(call);
        Assert.Equal((op, argument), (error.Operator, error.Argument));
    }

    private TensorView T(params int[] shape) => Own(_device.Memory.Rent(DType.F32, shape));

    private TensorView BF16(params int[] shape) => Own(_device.Memory.Rent(DType.BF16, shape));

    private Tensor Own(Tensor tensor)
    {
        _owned.Add(tensor);
        return tensor;
    }

    private PackedMatrix Matrix(int n, int k)
    {
        var matrix = _device.CreateMatrix(n, k, DType.F32);
        _owned.Add(matrix);
        return matrix;
    }
}
