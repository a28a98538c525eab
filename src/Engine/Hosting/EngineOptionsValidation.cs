using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using Microsoft.Extensions.Options;

namespace AkkaCp.Engine.Hosting;

/// <summary>Checks settings, layout and config.json when the host starts: all mistakes at once, before any weight is
/// read.</summary>
internal sealed class EngineOptionsValidation : IValidateOptions<EngineOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, EngineOptions options)
    {
        try
        {
            EnginePlan.Create(options);
            return ValidateOptionsResult.Success;
        }
        catch (SettingsException error)
        {
            return ValidateOptionsResult.Fail(error.Problems);
        }
    }
}
