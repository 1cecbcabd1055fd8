using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Journals;

/// <summary>
/// The services that were stopped because a person stopped the platform, to be started again with it: the file
/// "stopped/PLATFORM.json" of the state directory.
/// </summary>
/// <param name="Run">The run that stopped it.</param>
/// <param name="Time">The time of the stop.</param>
/// <param name="Units">The units that were running, in the notation of the platform's control.</param>
/// <param name="Stay">The units that were not running.</param>
public sealed record StoppedPlatform(string Run, DateTimeOffset Time, string Units, string Stay)
{
    private const string Folder = "stopped";

    /// <summary>The record of a platform; null when it was not stopped, or has been started since.</summary>
    /// <exception cref="ProblemException">The record cannot be read.</exception>
    public static StoppedPlatform? Read(StateDirectory state, string platform)
    {
        var path = PathOf(state.Path, platform);
        try
        {
            return JsonSerializer.Deserialize(state.Read(Folder, Name(platform)), StoppedJson.Default.StoppedPlatform);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Catalogue.StoppedDamaged.Throwable($"'{path}' cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    /// <summary>Writes the record atomically and durably.</summary>
    /// <exception cref="ProblemException">The state directory cannot be written.</exception>
    public void Write(StateDirectory state, string platform) =>
        state.Write(Folder, Name(platform), JsonSerializer.SerializeToUtf8Bytes(this, StoppedJson.Default.StoppedPlatform));

    /// <summary>Removes the record; the platform has been started.</summary>
    /// <exception cref="ProblemException">The state directory cannot be written.</exception>
    public static void Forget(StateDirectory state, string platform)
    {
        var path = PathOf(state.Path, platform);
        try
        {
            if (!File.Exists(path)) return;
            File.Delete(path);
            LibC.SyncDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"'{path}' cannot be removed: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    private static string PathOf(string state, string platform) => Path.Combine(state, Folder, Name(platform));

    private static string Name(string platform) => platform + ".json";
}

/// <summary>JSON of the record.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StoppedPlatform))]
internal sealed partial class StoppedJson : JsonSerializerContext;
