using System.Text.Json.Serialization;

namespace Holdfast.Engine.Points;

/// <summary>What the platform does while a recovery point is taken.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BackupMode>))]
public enum BackupMode
{
    /// <summary>
    /// The platform runs; the components are of slightly different instants, and the manifest records the difference.
    /// </summary>
    [JsonStringEnumMemberName("online")]
    Online,

    /// <summary>The platform is quiesced for the mark alone, a window of seconds.</summary>
    [JsonStringEnumMemberName("quiesced")]
    Quiesced,

    /// <summary>The platform is stopped until everything has been copied.</summary>
    [JsonStringEnumMemberName("cold")]
    Cold,
}

/// <summary>The names of the modes, in options, manifests and messages.</summary>
public static class BackupModeNames
{
    public static string Name(this BackupMode mode) => mode switch
    {
        BackupMode.Online => "online",
        BackupMode.Quiesced => "quiesced",
        _ => "cold",
    };
}
