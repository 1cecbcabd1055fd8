namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// dovecot.conf: "name = value" in nested blocks; before 2.4 a file's path follows "&lt;", and "!include" takes a
/// pattern relative to the including file. Source: Dovecot's documentation, "SSL configuration" and "Config file
/// syntax".
/// </summary>
internal sealed class DovecotConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["ssl_cert"] = NamedRole.Certificate,
        ["ssl_alt_cert"] = NamedRole.Certificate,
        ["ssl_client_cert"] = NamedRole.Certificate,
        ["ssl_key"] = NamedRole.Key,
        ["ssl_alt_key"] = NamedRole.Key,
        ["ssl_client_key"] = NamedRole.Key,
        ["ssl_ca"] = NamedRole.Authorities,
        ["ssl_dh"] = NamedRole.Other,
        ["ssl_server_cert_file"] = NamedRole.Certificate,
        ["ssl_server_alt_cert_file"] = NamedRole.Certificate,
        ["ssl_server_key_file"] = NamedRole.Key,
        ["ssl_server_alt_key_file"] = NamedRole.Key,
        ["ssl_server_ca_file"] = NamedRole.Authorities,
        ["ssl_server_dh_file"] = NamedRole.Other,
        ["ssl_client_cert_file"] = NamedRole.Certificate,
        ["ssl_client_key_file"] = NamedRole.Key,
        ["ssl_client_ca_file"] = NamedRole.Authorities,
        ["ssl_client_ca_dir"] = NamedRole.Authorities,
    };

    public string Program => "dovecot";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) == "dovecot.conf" ? Fit.Main
        : path.Contains("/dovecot/", StringComparison.Ordinal) && Path.GetExtension(path) is (".conf" or ".ext") ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader) => Read(path, reader, 0);

    private static IEnumerable<NamedFile> Read(string path, ConfigurationReader reader, int depth)
    {
        if (reader.IsTooDeep(path, depth)) yield break;
        var folder = Path.GetDirectoryName(path)!;
        foreach (var words in LineWords.Of(reader.Text(path) ?? ""))
        {
            if (words is ["!include" or "!include_try", var pattern])
            {
                foreach (var included in reader.Expand(path, Path.Combine(folder, pattern)))
                    foreach (var named in Read(included, reader, depth + 1)) yield return named;
                continue;
            }
            // "a = <b", "a=b" and "a = < b" are equivalent.
            var line = string.Join(' ', words);
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var name = line[..Math.Max(0, equals)].Trim();
            if (!_roles.TryGetValue(name, out var role)) continue;
            var value = line[(equals + 1)..].Trim();
            // Without "<" the value of an old setting is the certificate itself.
            var isFile = value.StartsWith('<') || name.EndsWith("_file", StringComparison.Ordinal) || name.EndsWith("_dir", StringComparison.Ordinal);
            var file = value.TrimStart('<').Trim();
            if (!isFile || file.Length == 0) continue;
            if (file.Contains('$', StringComparison.Ordinal) || file.Contains('%', StringComparison.Ordinal)) reader.Riddle(path, name, file);
            else yield return new(Path.GetFullPath(Path.Combine(folder, file)), role, name, path);
        }
    }
}
