using System.Text.Encodings.Web;
using System.Text.Json;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Maintenance;

/// <summary>The content of a lock file. Source: restic 0.14, internal/restic/lock.go, "type Lock".</summary>
internal sealed record LockContent
{
    // The "+01:00" of a time must not be escaped, as in Go.
    private static readonly JsonWriterOptions _plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required Timestamp Time { get; init; }
    public required bool Exclusive { get; init; }
    public string Hostname { get; init; } = "";
    public string Username { get; init; } = "";
    public int Pid { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }

    /// <summary>
    /// The identity of the process that holds the lock, so that a living one is never taken for dead; unknown in locks
    /// of restic, which ignores these fields.
    /// </summary>
    public ProcessIdentity Process { get; init; } = new("", "", 0);

    /// <summary>Returns a lock of this process, dated now.</summary>
    public static LockContent OfThisProcess(LockKind kind, TimeProvider clock) => new()
    {
        Time = Timestamp.Now(clock),
        Exclusive = kind == LockKind.Exclusive,
        Hostname = ThisHost,
        Username = Environment.UserName,
        Pid = Environment.ProcessId,
        Uid = Accounts.EffectiveUser,
        Gid = Accounts.EffectiveGroup,
        Process = ProcessIdentity.Own,
    };

    /// <summary>
    /// The full host name of this machine. Environment.MachineName stops at the first dot, restic does not.
    /// </summary>
    public static string ThisHost { get; } = File.ReadAllText("/proc/sys/kernel/hostname").TrimEnd('\n');

    /// <summary>
    /// Returns the bytes of the file before encryption. A uid or gid of 0 is left out, as restic does.
    /// </summary>
    public byte[] Encode()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, _plain))
        {
            json.WriteStartObject();
            json.WriteString("time"u8, Time.ToString());
            json.WriteBoolean("exclusive"u8, Exclusive);
            json.WriteString("hostname"u8, Hostname);
            json.WriteString("username"u8, Username);
            json.WriteNumber("pid"u8, Pid);
            if (Uid != 0) json.WriteNumber("uid"u8, Uid);
            if (Gid != 0) json.WriteNumber("gid"u8, Gid);
            if (Process.Boot.Length > 0)
            {
                json.WriteString("boot_id"u8, Process.Boot);
                json.WriteString("namespaces"u8, Process.Namespace);
                json.WriteNumber("started"u8, Process.Started);
            }
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <exception cref="JsonException">The file is not a valid lock.</exception>
    /// <exception cref="FormatException">Its time is not valid.</exception>
    public static LockContent Decode(ReadOnlySpan<byte> bytes)
    {
        var json = new Utf8JsonReader(bytes);
        var root = JsonElement.ParseValue(ref json);
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("A lock is an object.");
        return new LockContent
        {
            Time = Timestamp.Parse(Text(root, "time")),
            Exclusive = root.TryGetProperty("exclusive"u8, out var exclusive) && exclusive.GetBoolean(),
            Hostname = Text(root, "hostname"),
            Username = Text(root, "username"),
            Pid = Number(root, "pid") is var pid and <= int.MaxValue ? (int)pid : 0,
            Uid = Number(root, "uid"),
            Gid = Number(root, "gid"),
            Process = new ProcessIdentity(Text(root, "boot_id"), Text(root, "namespaces"), root.TryGetProperty("started"u8, out var started) && started.TryGetInt64(out var ticks) ? ticks : 0),
        };
    }

    private static string Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static uint Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.TryGetUInt32(out var number) ? number : 0;
}
