using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

public sealed class WeightStoreTests
{
    private readonly WeightStore _store = new();
    private readonly PlainDevice.Counter _live = new();

    [Fact]
    public async Task SecondUser_WaitsForTheFirstLoad()
    {
        using var started = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var first = Task.Run(() => _store.Acquire("a", () => Blocking(started, finish), default), TestContext.Current.CancellationToken);
        started.Wait(TestContext.Current.CancellationToken);
        var second = Task.Run(() => _store.Acquire("a", () => throw new InvalidOperationException("loaded twice"), default),
            TestContext.Current.CancellationToken);

        finish.Set();
        using var one = await first;
        using var two = await second;

        Assert.Same(one.Value, two.Value);
        Assert.Equal(1, _live.Value);
    }

    [Fact]
    public async Task SecondUser_LoadsItself_WhenTheFirstFails()
    {
        using var started = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var first = Task.Run(() => _store.Acquire("a", () =>
        {
            Blocking(started, finish).Value.Dispose();
            throw new IOException("gone");
        }, default), TestContext.Current.CancellationToken);
        started.Wait(TestContext.Current.CancellationToken);
        var second = Task.Run(() => _store.Acquire("a", Matrix, default), TestContext.Current.CancellationToken);

        finish.Set();

        await Assert.ThrowsAsync<IOException>(() => first);
        (await second).Dispose();
        Assert.Equal((0, 0), (_store.Count, _live.Value));
    }

    [Fact]
    public async Task WaiterThatIsCancelled_LeavesThePieceToTheOthers()
    {
        using var started = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var first = Task.Run(() => _store.Acquire("a", () => Blocking(started, finish), default), TestContext.Current.CancellationToken);
        started.Wait(TestContext.Current.CancellationToken);
        var second = Task.Run(() => _store.Acquire("a", Matrix, cancellation.Token), TestContext.Current.CancellationToken);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        finish.Set();
        (await first).Dispose();

        Assert.Equal((0, 0, 0L), (_store.Count, _live.Value, _store.Bytes));
    }

    [Fact]
    public void ManyUsersComingAndGoing_FreeEveryPieceOnce()
    {
        Parallel.For(0, 2000, i =>
        {
            using var lease = _store.Acquire($"{i % 7}", Matrix, default);
            Assert.IsType<PlainMatrix>(lease.Value);
        });

        Assert.Equal((0, 0, 0L), (_store.Count, _live.Value, _store.Bytes));
    }

    private LoadedPiece Matrix() => new(new PlainMatrix(2, 3, DType.F32, _live), []);

    private LoadedPiece Blocking(ManualResetEventSlim started, ManualResetEventSlim finish)
    {
        started.Set();
        finish.Wait(TestContext.Current.CancellationToken);
        return Matrix();
    }
}
