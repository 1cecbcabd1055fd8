namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// The servers of the Elastic and OpenSearch families, which share a syntax: YAML files with settings whose names have
/// a part "ssl" and end in the kind of file (xpack.security.http.ssl.keystore.path, server.ssl.certificate,
/// plugins.security.ssl.transport.pemcert_filepath). Relative paths are resolved against the configuration's folder.
/// Source: Elasticsearch, "Security settings"; OpenSearch, "Configuring TLS certificates"; Kibana, "Configure Kibana".
/// </summary>
/// <param name="program">The name in the profile.</param>
/// <param name="fileNames">The names of its configuration files.</param>
internal sealed class YamlConfiguration(string program, params IReadOnlyList<string> fileNames) : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["certificate"] = NamedRole.Certificate,
        ["certificate_path"] = NamedRole.Certificate,
        ["pemcert_filepath"] = NamedRole.Certificate,
        ["key"] = NamedRole.Key,
        ["pemkey_filepath"] = NamedRole.Key,
        ["certificate_authorities"] = NamedRole.Authorities,
        ["certificateAuthorities"] = NamedRole.Authorities,
        ["certificate_authority"] = NamedRole.Authorities,
        ["pemtrustedcas_filepath"] = NamedRole.Authorities,
        ["keystore.path"] = NamedRole.Store,
        ["truststore.path"] = NamedRole.Store,
        ["keystore_filepath"] = NamedRole.Store,
        ["truststore_filepath"] = NamedRole.Store,
    };

    public string Program => program;

    public Fit FitOf(string path) => fileNames.Contains(Path.GetFileName(path), StringComparer.Ordinal) ? Fit.Main : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader) => Read(path, reader.Text(path) ?? "", reader);

    /// <summary>Returns the files that a configuration names, for a text that has been read already.</summary>
    public static IEnumerable<NamedFile> Read(string path, string text, ConfigurationReader reader)
    {
        var (settings, fault) = FlatYaml.Read(text);
        if (fault is not null) reader.Fault(path, fault);
        return settings.SelectMany(setting => Read(path, setting.Name, setting.Value, reader));
    }

    private static IEnumerable<NamedFile> Read(string path, string name, string values, ConfigurationReader reader)
    {
        if (RoleOf(name) is not { } role) yield break;
        foreach (var value in values.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (value.Contains("${", StringComparison.Ordinal)) reader.Riddle(path, name, value);
            else yield return new(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, value)), role, name, path);
        }
    }

    // Realms have files outside of their "ssl" as well: SAML's own keys and the provider's metadata, OpenID's and JWT's
    // keys, Kerberos' keytab. Source: Elasticsearch, "Security settings"; OpenSearch, "SAML".
    private static NamedRole? RoleOfRealm(string[] parts)
    {
        if (parts.Length < 2) return null;
        var end = $"{parts[^2]}.{parts[^1]}";
        if (end is "metadata.path" or "idp.metadata_file" or "keytab.path" or "rp.jwks_path" or "op.jwkset_path" || parts[^1] is "pkc_jwkset_path" or "keytab_path") return NamedRole.Other;
        if (parts is [.., "signing" or "encryption", "keystore", "path"]) return NamedRole.Store;
        if (parts[^2] is not ("signing" or "encryption")) return null;
        return parts[^1] switch { "key" => NamedRole.Key, "certificate" => NamedRole.Certificate, _ => null };
    }

    private static NamedRole? RoleOf(string name)
    {
        var parts = name.Split('.');
        if (RoleOfRealm(parts) is { } realm) return realm;
        if (!parts.Contains("ssl", StringComparer.Ordinal)) return null;
        return _roles.TryGetValue(parts[^1], out var role) || _roles.TryGetValue(string.Join('.', parts[^2..]), out role) ? role : null;
    }
}
