using System.Globalization;
using System.Security.Cryptography;

namespace Holdfast.Engine.Planning;

/// <summary>Names a run: its time, so that journals sort, and some randomness, so that two of one second differ.</summary>
public static class RunId
{
    public static string Next(TimeProvider clock) => At(clock.GetUtcNow(), RandomNumberGenerator.GetInt32(1 << 24));

    /// <summary>"20261122T210405Z-00abcd".</summary>
    public static string At(DateTimeOffset time, int random) => string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{random:x6}");
}
