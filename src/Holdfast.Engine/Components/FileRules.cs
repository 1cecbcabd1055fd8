namespace Holdfast.Engine.Components;

/// <summary>How a restore compares files, and whom and what rights it gives them.</summary>
/// <param name="TrustTimes">Takes a file of the same size and modify time for unchanged; its content is compared otherwise.</param>
/// <param name="NumericOwner">Restores the numbers of users and groups; otherwise who has the same name on this machine owns a file.</param>
/// <param name="PrivilegedModes">Below a target, restores set-id bits, ACLs, attributes of the system and device nodes, too.</param>
public sealed record FileRules(bool TrustTimes, bool NumericOwner, bool PrivilegedModes)
{
    /// <summary>Writes what the profile does not select, though the point was not made by this machine; otherwise a person is asked. False by default.</summary>
    public bool Unselected { get; init; }

    /// <summary>Content is compared, owners go by name, and nothing below a target gives rights.</summary>
    public static FileRules Usual { get; } = new(TrustTimes: false, NumericOwner: false, PrivilegedModes: false);
}
