using System.Text.RegularExpressions;
using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// postgresql.conf and the files that it includes. The last setting of a name takes effect; relative certificate paths
/// are resolved against the data directory, relative includes against the including file. Source: PostgreSQL, "Setting
/// Parameters" and "SSL".
/// </summary>
internal sealed partial class PostgresConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ssl_cert_file"] = NamedRole.Certificate,
        ["ssl_key_file"] = NamedRole.Key,
        ["ssl_ca_file"] = NamedRole.Authorities,
        ["ssl_crl_file"] = NamedRole.Other,
        ["ssl_crl_dir"] = NamedRole.Other,
        ["ssl_dh_params_file"] = NamedRole.Other,
    };

    // Connection parameters of a standby. Source: PostgreSQL, "Parameter Key Words" of libpq.
    private static readonly Dictionary<string, NamedRole> _connectionRoles = new(StringComparer.Ordinal)
    {
        ["sslcert"] = NamedRole.Certificate,
        ["sslkey"] = NamedRole.Key,
        ["sslrootcert"] = NamedRole.Authorities,
        ["sslcrl"] = NamedRole.Other,
        ["sslcrldir"] = NamedRole.Other,
    };

    public string Program => "postgres";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) is "postgresql.conf" ? Fit.Main
        : path.EndsWith(".conf", StringComparison.Ordinal) && path.Contains("postgres", StringComparison.Ordinal)
            && Path.GetFileName(path) is not ("pg_hba.conf" or "pg_ident.conf") ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var settings = new Dictionary<string, (string Value, string File)>(StringComparer.OrdinalIgnoreCase);
        Collect(path, settings, reader);
        var data = settings.TryGetValue("data_directory", out var named) ? named.Value : Path.GetDirectoryName(path)!;
        // ALTER SYSTEM writes to this file, which overrides all others.
        Collect($"{data}/postgresql.auto.conf", settings, reader);
        foreach (var file in ReadConnection(settings, data, reader)) yield return file;
        if (!IsOn(settings)) yield break;
        foreach (var (setting, role) in _roles)
        {
            if (!settings.TryGetValue(setting, out var value) || value.Value.Length == 0) continue;
            if (Path.IsPathRooted(value.Value) || Disk.IsFile($"{data}/PG_VERSION"))
                yield return new(Path.GetFullPath(Path.Combine(data, value.Value)), role, setting, value.File);
            else
                reader.Riddle(value.File, setting, value.Value);
        }
    }

    // Without these settings a server with TLS uses server.crt and server.key in its data directory.
    private static bool IsOn(Dictionary<string, (string Value, string File)> settings)
    {
        if (!settings.TryGetValue("ssl", out var ssl)) return settings.Keys.Any(_roles.ContainsKey);
        if (!IsTrue(ssl.Value)) return false;
        settings.TryAdd("ssl_cert_file", ("server.crt", ssl.File));
        settings.TryAdd("ssl_key_file", ("server.key", ssl.File));
        return true;
    }

    // Any unambiguous prefix of true and yes. Source: PostgreSQL, parse_bool_with_len.
    private static bool IsTrue(string value) =>
        value.Length > 0 && ("true".StartsWith(value, StringComparison.OrdinalIgnoreCase) || "yes".StartsWith(value, StringComparison.OrdinalIgnoreCase))
        || value is "1" || value.Equals("on", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<NamedFile> ReadConnection(Dictionary<string, (string Value, string File)> settings, string data, ConfigurationReader reader)
    {
        if (!settings.TryGetValue("primary_conninfo", out var connection)) yield break;
        foreach (Match word in ConnectionWord().Matches(connection.Value))
        {
            var name = word.Groups["name"].Value;
            var value = Uri.UnescapeDataString(word.Groups["value"].Value.Trim('\'').Replace("\\", "", StringComparison.Ordinal));
            if (!_connectionRoles.TryGetValue(name, out var role) || value is "" or "system") continue;
            if (Path.IsPathRooted(value) || Disk.IsFile($"{data}/PG_VERSION"))
                yield return new(Path.GetFullPath(Path.Combine(data, value)), role, $"primary_conninfo {name}", connection.File);
            else
                reader.Riddle(connection.File, $"{name} of primary_conninfo", value);
        }
    }

    // "name = value" with a value that may be quoted, or a URI with ?name=value&name=value.
    [GeneratedRegex(@"(^|[\s?&])(?<name>[a-z]+)\s*=\s*(?<value>'([^'\\]|\\.)*'|[^\s&']*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ConnectionWord();

    private static void Collect(string path, Dictionary<string, (string Value, string File)> settings, ConfigurationReader reader, int depth = 0)
    {
        if (reader.IsTooDeep(path, depth)) return;
        foreach (var line in (reader.Text(path) ?? "").Split('\n'))
        {
            if (Setting().Match(line) is not { Success: true } match) continue;
            var (name, value) = (match.Groups["name"].Value, Unquoted(match.Groups["value"].Value));
            var included = Path.Combine(Path.GetDirectoryName(path)!, value);
            if (name is "include" or "include_if_exists")
            {
                reader.Include(path, included);
                Collect(included, settings, reader, depth + 1);
            }
            else if (name is "include_dir") foreach (var part in reader.Expand(path, $"{included}/[!.]*.conf")) Collect(part, settings, reader, depth + 1);
            else settings[name] = (value, path);
        }
    }

    private static string Unquoted(string value) =>
        value.StartsWith('\'') ? value[1..^1].Replace("''", "'", StringComparison.Ordinal).Replace("\\'", "'", StringComparison.Ordinal) : value;

    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_][\w.]*)(\s*=\s*|\s+)(?<value>'([^'\\]|''|\\.)*'|[^\s#']+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Setting();
}
