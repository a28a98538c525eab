namespace AkkaCp.Text.Tests.Templates;

/// <summary>The time at which make_parity.py let Jinja2 render.</summary>
internal sealed class ParityClock : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 5, 13, 4, 9, TimeSpan.Zero).AddMicroseconds(78);
}
