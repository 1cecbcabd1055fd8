namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// redis.conf, valkey.conf and sentinel.conf: "directive value" on each line, "include" with a pattern. Source:
/// redis.conf of Redis 7, sections INCLUDES, TLS/SSL and SECURITY; Redis' config.c, "loadServerConfigFromString".
/// </summary>
internal sealed class RedisConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["tls-cert-file"] = NamedRole.Certificate,
        ["tls-client-cert-file"] = NamedRole.Certificate,
        ["tls-key-file"] = NamedRole.Key,
        ["tls-client-key-file"] = NamedRole.Key,
        ["tls-ca-cert-file"] = NamedRole.Authorities,
        ["tls-ca-cert-dir"] = NamedRole.Authorities,
        ["tls-dh-params-file"] = NamedRole.Other,
        ["aclfile"] = NamedRole.Other, // the server does not start without it
    };

    public string Program => "redis";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) is "redis.conf" or "valkey.conf" or "sentinel.conf" or "redis-sentinel.conf" ? Fit.Main
        : path.EndsWith(".conf", StringComparison.Ordinal) && Path.GetFileName(Path.GetDirectoryName(path)) is "redis" or "valkey" ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader) => Read(path, reader, 0);

    private static IEnumerable<NamedFile> Read(string path, ConfigurationReader reader, int depth)
    {
        if (reader.IsTooDeep(path, depth)) yield break;
        foreach (var words in LineWords.Of(reader.Text(path) ?? ""))
        {
            if (words is not [var setting, { Length: > 0 } value]) continue;
            var isInclude = setting.Equals("include", StringComparison.OrdinalIgnoreCase);
            if (!isInclude && !_roles.ContainsKey(setting)) continue;
            // Relative paths are resolved against the server's working directory, or its 'dir'.
            if (!value.StartsWith('/')) reader.Riddle(path, setting, value);
            else if (!isInclude) yield return new(value, _roles[setting], setting, path);
            else
                foreach (var included in reader.Expand(path, value))
                    foreach (var named in Read(included, reader, depth + 1)) yield return named;
        }
    }
}
