using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Hosting;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AkkaCp.Engine;

/// <summary>Registers the engine with a host.</summary>
public static class AkkaCpServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="EngineHost"/>, which loads the model when the host starts, and an <see cref="IChatClient"/> of it. The
    /// options are validated when the host starts: configuration and layout, all mistakes at once.
    /// </summary>
    public static IServiceCollection AddAkkaCp(this IServiceCollection services, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return services.AddAkkaCp(_ => options);
    }

    /// <summary>As <see cref="AddAkkaCp(IServiceCollection, EngineOptions)"/>, with options made from the host's
    /// services.</summary>
    public static IServiceCollection AddAkkaCp(this IServiceCollection services, Func<IServiceProvider, EngineOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.AddOptions<EngineOptions>().ValidateOnStart();
        services.AddSingleton<IOptionsFactory<EngineOptions>>(provider => new EngineOptionsFactory(
            () => options(provider), provider.GetServices<IValidateOptions<EngineOptions>>()));
        services.AddSingleton<IValidateOptions<EngineOptions>, EngineOptionsValidation>();
        services.AddSingleton<EngineHost>();
        services.AddHostedService(provider => provider.GetRequiredService<EngineHost>());
        services.AddSingleton<IChatClient>(provider => new AkkaCpChatClient(
            provider.GetRequiredService<EngineHost>().GetEngineAsync,
            () => provider.GetRequiredService<EngineHost>().Loaded,
            EngineConfiguration.ModelNameOf(provider.GetRequiredService<IOptions<EngineOptions>>().Value)));
        return services;
    }
}
