using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using Microsoft.Extensions.Options;

namespace AkkaCp.Engine.Hosting;

/// <summary>Gives the options as the program made them: they are immutable, so they are made and not configured.</summary>
internal sealed class EngineOptionsFactory(Func<EngineOptions> make, IEnumerable<IValidateOptions<EngineOptions>> validations)
    : OptionsFactory<EngineOptions>([], [], validations)
{
    /// <inheritdoc/>
    protected override EngineOptions CreateInstance(string name) => make();
}

/// <summary>Checks settings, layout and config.json when the host starts: all mistakes at once, before any weight is
/// read.</summary>
internal sealed class EngineOptionsValidation : IValidateOptions<EngineOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, EngineOptions options)
    {
        try
        {
            EngineSpec.Create(options);
            return ValidateOptionsResult.Success;
        }
        catch (SettingsException error)
        {
            return ValidateOptionsResult.Fail(error.Problems);
        }
    }
}
