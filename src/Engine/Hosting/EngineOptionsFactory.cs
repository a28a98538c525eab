using Microsoft.Extensions.Options;

namespace AkkaCp.Engine.Hosting;

/// <summary>Gives the options as the program made them: they are immutable, so they are made and not configured.</summary>
internal sealed class EngineOptionsFactory(Func<EngineOptions> make, IEnumerable<IValidateOptions<EngineOptions>> validations)
    : OptionsFactory<EngineOptions>([], [], validations)
{
    /// <inheritdoc/>
    protected override EngineOptions CreateInstance(string name) => make();
}
