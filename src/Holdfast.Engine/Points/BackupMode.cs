using System.Text.Json.Serialization;

namespace Holdfast.Engine.Points;

/// <summary>What the platform does while a recovery point is taken.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BackupMode>))]
public enum BackupMode
{
    /// <summary>It runs; the components are of slightly different instants, and the manifest says by how much.</summary>
    [JsonStringEnumMemberName("online")]
    Online,

    /// <summary>It stands still for the mark alone, a window of seconds.</summary>
    [JsonStringEnumMemberName("quiesced")]
    Quiesced,

    /// <summary>It stands still until everything has been copied.</summary>
    [JsonStringEnumMemberName("cold")]
    Cold,
}

/// <summary>What a mode is called, in options, manifests and to people.</summary>
public static class BackupModeNames
{
    public static string Name(this BackupMode mode) => mode switch
    {
        BackupMode.Online => "online",
        BackupMode.Quiesced => "quiesced",
        _ => "cold",
    };
}
