namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Runs the code of one shape; configuration included in the task.</summary>
internal unsafe delegate void AmxCall(AmxShape shape, TileArguments* task);

/// <summary>
/// Tiles of up to 32 rows on AMX code. Words go by in steps of 16, counted from the task's first one, and what is left in one shorter
/// step that goes on from the stored sums. Passes over K are cut at multiples of 16 words, so that steps are the same for every cut.
/// </summary>
internal sealed unsafe class AmxTiles(AmxCall call) : ProductTiles
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MostRows = 2 * AmxTileConfig.MaxRows;

    /// <inheritdoc/>
    public override int MaxRows => MostRows;

    /// <inheritdoc/>
    public override int StepBytes => TileAssembler.StepBytes;

    /// <inheritdoc/>
    public override int PanelsFor(int rows) => rows <= AmxTileConfig.MaxRows ? 2 : 1;

    /// <inheritdoc/>
    public override void Run(TileArguments* tile, int rows, bool alone)
    {
        var shape = rows > AmxTileConfig.MaxRows ? AmxShape.Tall : alone ? AmxShape.Wide : AmxShape.Flat;
        var task = *tile;
        task.Count = tile->Count / AmxTileConfig.MaxWords;
        if (task.Count > 0)
        {
            RunSteps(shape, &task, rows, AmxTileConfig.MaxWords);
            task.X += 4 * AmxTileConfig.MaxWords * task.Count;
            task.Panel += StepBytes * AmxTileConfig.MaxWords * task.Count;
            task.Start = task.Y;
            task.StartStride = task.YStride;
        }

        var rest = (int)(tile->Count % AmxTileConfig.MaxWords);
        if (rest > 0)
        {
            task.Count = 1;
            RunSteps(shape, &task, rows, rest);
        }
    }

    private void RunSteps(AmxShape shape, TileArguments* task, int rows, int words)
    {
        var config = AmxTileConfig.Of(rows, words);
        task->Config = &config;
        call(shape, task);
    }
}
