using AkkaCp.Testing;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>Starts real engines on the models of the checkout.</summary>
internal static class LocalEngine
{
    public static Task<InferenceEngine> DemoAsync(
        string layout = "2/2/2/1", string dtype = "float32", params (string Key, string Value)[] overrides) =>
        StartAsync(RepositoryFiles.DemoModel, layout, dtype, overrides);

    /// <param name="model">Directory.</param>
    /// <param name="layout">tp/attn_cp/moe_dp/ep.</param>
    /// <param name="dtype">float32, bfloat16 or int8.</param>
    /// <param name="overrides">Configuration keys.</param>
    public static Task<InferenceEngine> StartAsync(
        string model, string layout, string dtype, params (string Key, string Value)[] overrides)
    {
        var sizes = layout.Split('/').Select(int.Parse).ToArray();
        return InferenceEngine.StartAsync(
            new EngineOptions
            {
                ModelPath = model,
                Tp = sizes[0],
                AttnCp = sizes[1],
                MoeDp = sizes[2],
                Ep = sizes[3],
                Dtype = dtype,
                MinCpTokens = 8,
                Overrides = overrides.ToDictionary(pair => pair.Key, pair => pair.Value),
            },
            Xunit.TestContext.Current.CancellationToken);
    }
}
